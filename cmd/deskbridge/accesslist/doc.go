// Package accesslist is the commands about who has access on a desk.
package accesslist
