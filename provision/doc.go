// Package provision is the ground of the core: the words that its rooms share,
// and what rules grant.
//
// Identity providers describe people and groups ([Identity], [Group]); admins
// write [Rule]s; [Evaluate] turns both into one [Access] per help desk, without
// I/O. An [Account] pairs a person with their user on a desk, an [Entry] is a
// line of the audit log, a [Job] says where there is something to do, and an
// [Error] is what callers are expected to tell apart.
//
// Everything that needs a database is in a folder below, one subject each: a
// Service, with the narrow Store that it asks for. A change goes through the
// room whose it is, and commits the new state, the audit entry and the job in
// one transaction ([InTx]). CONTRIBUTING.md lists the rooms.
//
// The package knows neither HTTP, nor SQL, nor any protocol, nor any vendor, nor
// the rooms.
package provision
