// Package group is the commands about the groups of identity providers.
package group
