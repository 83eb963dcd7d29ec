// Package zendesk is the connector to Zendesk Support, by its Ticketing API
// (developer.zendesk.com, read in November 2026) with an API token or an OAuth
// token of an admin.
//
// Teams are Zendesk's groups, and a ticket belongs to one: mailboxes follow from
// teams. Our external id is the user's external_id. To deactivate is to suspend, which
// keeps the seat; who becomes an end user frees it.
//
// Four habits of that API govern this code. An address in a change of a user is
// added and does not replace the one there is: so addresses change by identities.
// Searches come from an index that is behind: what is open is listed by assignee. Much
// is done by jobs after the answer: they are waited for. And customers are users,
// too: lists are of agents and admins.
package zendesk
