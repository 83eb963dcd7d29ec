// Package store keeps everything Deskbridge knows, in PostgreSQL or in an
// embedded SQLite file: [Store] is the Store of every package below provision,
// each of which asks for its own part.
//
// Row types live in this package and nowhere else; it alone imports gorm. Rows
// and domain types are two sets of types, and SQL that both databases
// understand is preferred to two dialects: what differs is in dialect.go and in
// the migrations.
//
// Times are microseconds since the epoch, in UTC. JSON is kept in one canonical
// form (see [provision.Identity.Document]): what comes back equals, byte by
// byte, what encoding/json makes of the decoded value. Secrets of connections
// and desks are sealed with AES-256-GCM before they reach the database.
package store
