// Package turn decides how much of the process the requests of one connection may
// have at once: how many are under way, how many of them search, and how much
// memory the large ones take. Who is beyond waits, and is then told to come
// again, so that nobody waits for another connection.
//
// It does not know what a request does; the edge says what it needs. It knows no
// HTTP.
package turn
