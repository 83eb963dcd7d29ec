// Package helpy connects to Helpy through its API v1, with the key of an admin.
//
// In its words: a team is a group, a conversation is a ticket that is new, open
// or pending; who has no role here is a customer, limited is an editor. Agents
// without a group see the tickets of all groups, so that mailboxes follow from
// teams, and there are none to name. The API shows who is in which group and
// cannot change it.
//
// What has to be known about it: it has one name for a person, and drops digits
// from it; a PATCH of a user writes every field, so that each of them is read
// before and sent back; a user that is not there is an empty list, and a ticket
// that may not be seen a 401; a 204 to the deletion of an admin means nothing at
// all; customers are users too, and the list of users has no pages. So every
// write is read back.
//
// What the package says about Helpy was read in its source (release 2.8, commit
// 26aff0e of 2021, with Grape 1.5 and Devise 4.7) in November 2026. It has not been run
// against a Helpy.
package helpy
