// Package admin is the commands about break-glass admins.
package admin
