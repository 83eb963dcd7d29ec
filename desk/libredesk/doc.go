// Package libredesk is the connector to Libredesk 1.0 and later
// (github.com/abhinavxd/libredesk), by its API with the key of an agent.
//
// Teams and roles are Libredesk's, by name; access to inboxes follows from what
// the roles permit. There is no place for our external id.
//
// Three habits of that API govern this code. A change replaces all of a user: so
// each reads, edits, writes and reads back. A role or team that Libredesk does not
// know is left out without a word. And a refusal may be HTTP 500, after which half
// of it was done: who is there is looked up before anything is said.
package libredesk
