// Package key is the commands about the keys that Deskbridge signs with.
package key
