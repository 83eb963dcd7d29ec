// Package connection is the commands about connections to identity providers, and
// about the domains that they own.
package connection
