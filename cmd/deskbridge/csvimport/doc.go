// Package csvimport is the commands that read people, groups and rules from CSV. What
// they read goes the way of what is pushed over SCIM: a person's row becomes a SCIM
// resource, which is read and given to the core as any other. All of a file is rehearsed
// by the core before anything of it is done; see carryOut.
package csvimport
