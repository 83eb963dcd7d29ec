// Package outcometest plays one table of faults against a connector, with the
// whole of Deskbridge above it: each fault befalls a person who joins, changes
// role, leaves with open conversations, comes back and leaves again. However it
// goes, an account is either as desired, as the desk itself shows it, or says in
// the right words what is in the way; and when the desk is honest again, all
// comes out as desired, or as a task for an admin with the words for it.
//
// A connector's test says where its desk's server is and what the wire looks
// like, by a [Harness], and calls [Run]. The faults befall the requests between
// the connector and the server; a desk without a server has them befall the
// calls of the contract (package faulty).
package outcometest
