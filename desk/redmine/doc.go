// Package redmine connects to Redmine through its REST API, with the key of an
// administrator.
//
// In its words: a team is a group, a mailbox is a project, a conversation is an
// issue. Admin is Redmine's own "Administrator" box. Redmine knows no other
// role of a user, only roles in projects: whoever is no administrator is an
// agent, and gets one role in the projects that rules name; members of one group
// are limited, and get a weaker role there. A group may open projects too; that
// access comes and goes with the team and is no mailbox of the user.
//
// Redmine refuses with status 422 and a list of sentences in the language of
// the service account; no decision here rests on their words. A 204 proves
// nothing: every write is read back. What the package says about Redmine was
// seen on 5.0.4 (Debian 12), on SQLite, in November 2026; what it says of 5.1
// was read in its source.
package redmine
