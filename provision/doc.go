// Package provision decides what access a person has in each help desk.
//
// Identity providers describe people and groups ([Identity], [Group]); admins
// write [Rule]s; [Evaluate] turns both into one [Access] per help desk.
// [Service] is the one door through which every change goes: it commits the
// new state, the audit entry and the job that will carry the change to the
// desk in one transaction. [Steps] then says what must be written on a desk,
// given what was read from it.
//
// The package knows neither HTTP, nor SQL, nor any protocol, nor any vendor.
package provision
