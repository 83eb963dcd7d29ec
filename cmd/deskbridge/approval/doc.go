// Package approval is the commands about what cannot be undone on desks, and waits
// for an admin.
package approval
