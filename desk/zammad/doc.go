// Package zammad is the connector to Zammad 6.5 and later (zammad.org), by its
// REST API with an access token.
//
// Teams are Zammad's groups, which are its mailboxes, too. A user has a list of
// roles, and for each group a list of access levels; those that nobody named here
// stay as they are.
//
// Four habits of that API govern this code. What the token may not change is
// left out without a word: so every write is read back. The groups of a user who is
// inactive, or no agent, are shown as none, and writing that back would erase
// them: so they are never written. An owner who may not own a ticket is replaced
// by nobody: so who may is looked up before. And searches by words come from an
// index that is seconds old: so users and tickets are looked for by conditions,
// which the database answers, or in the list of all.
package zammad
