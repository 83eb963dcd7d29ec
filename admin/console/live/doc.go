// Package live tells open pages of the console that something has happened, by
// server-sent events (HTML Living Standard, section 9.2): not what it was. A page
// asks for itself again then, and is shown what its reader may see.
//
// It decides how many may follow at once, how soon they are told, and when a stream
// ends. One [Watcher] looks for all streams of the process, and only while there are
// any; none of them holds a connection to the database.
package live
