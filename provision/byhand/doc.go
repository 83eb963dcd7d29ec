// Package byhand decides what an admin's word is worth: that something was done on a
// desk by hand, which the desk does not show.
//
// A run of which something is left to do by hand ends with needs attention, as its
// task ([Task]). Where the desk can be read, the next run sees what was done, and
// nobody's word counts. Two things no desk shows: what is open on a desk that tells no
// conversations, and everything on a desk without an API. There an admin says that the
// task is done ([Service.Done]); that is entered in the audit log as that admin's
// word, and kept, so that the next run goes by it.
//
// The package knows no HTTP, no SQL and no kind of desk.
package byhand
