// Package chatwoot is the connector to Chatwoot 3 and later (chatwoot.com), by the
// API of one of its accounts with the access token of an administrator.
//
// Teams are Chatwoot's teams, mailboxes its inboxes; a team gives nobody an inbox.
// There is no inactive agent, and no place for our external id: access ends by
// deleting, and people are known by number and address.
//
// Three habits of that API govern this code. An assignee who is not one takes the
// assignee away, without a word: so who may own is looked up before, and each
// conversation is read back. Adding to the members of an inbox replaces them in older
// builds: so they are sent whole. And there is
// no list of what somebody is in: so who is where is read place by place, and kept
// for a moment.
package chatwoot
