// Package apply is the commands that show what a file would change, and make it so.
package apply
