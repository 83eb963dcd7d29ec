// Package roster is for desks that show who is in a team or a mailbox, and not in which teams and
// mailboxes somebody is: each of them is a question, and the answers together are where one user
// is, or everybody.
//
// Those who ask at once share one reading. What is read serves later callers only where reading
// all of it takes so long that it is old when it is there; never over a change of ours
// ([Directory.Changed]). A reading that was cut short goes on where it stopped.
//
// The package knows no vendor: a connector reads the places ([Source.List]), and who is in one
// ([Source.Members]).
package roster
