// Package freshdesk is the connector to Freshdesk, by its API v2
// (developers.freshdesk.com, read in November 2026) with the API key of an admin.
//
// Teams are Freshdesk's groups, and a ticket belongs to one: mailboxes follow from
// teams. There is no place for our external id. To delete an agent makes a contact
// of it, who becomes an agent again on return.
//
// Four habits of that API govern this code. A change replaces lists: so each reads,
// edits, writes all back and reads again. Lists of agents leave roles and groups out. A
// search shows 300 tickets and is minutes behind: what was changed lately is listed
// besides, and goes before it. And name and address of an agent cannot be changed, nor can
// an agent be deactivated: those are tasks for an admin.
package freshdesk
