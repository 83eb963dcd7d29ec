// Package freescout is the connector to FreeScout (freescout.net) 1.8 by its API & Webhooks
// module, with an API key of the whole installation.
//
// Mailboxes are FreeScout's; it has no teams. The API makes users, tells them, and deletes
// them; whatever else is to become of a user is a task for an administrator, who is told
// the clicks. There is no place for our external id: people are known by number and
// address.
//
// Three habits govern this code. A new user is a User, whatever is asked for, and in no
// mailbox. Who is disabled is shown as everybody else, so that access ends by deleting; and
// who is deleted may still be shown, under an address that ends otherwise. And a key is
// nobody: in whose name things are changed, each request says.
package freescout
