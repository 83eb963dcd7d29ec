// Package helpscout connects to Help Scout through its Inbox API 2.0.
//
// In its words: a mailbox is an inbox, a role is "admin", "user" or "light
// user". The API makes and deletes users, changes who is in a team, and
// assigns conversations. It changes nothing about a user who exists: neither
// name nor role nor inboxes, and it deactivates nobody. Those calls return
// where an administrator clicks instead.
//
// The package was written from Help Scout's public documentation
// (developer.helpscout.com/mailbox-api and docs.helpscout.com, as of November
// 2026) and has never run against a real account. Where the documentation is
// silent the code looks again rather than guess; docs/desks/helpscout.md lists
// what is not known.
package helpscout
