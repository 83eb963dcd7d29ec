// Package directory keeps people, groups and members as identity providers
// describe them: what SCIM, and whatever else brings people, calls.
//
// Each change is one transaction: the new state, the audit entry, the end of
// sessions where somebody leaves, and the jobs that carry it to desks. The cost
// follows the size of the change, not that of the group or the company.
//
// The package decides who is the same person as somebody before, and what a
// change may not touch. What people get on desks is decided by rules; it knows
// neither SCIM's documents nor any desk.
package directory
