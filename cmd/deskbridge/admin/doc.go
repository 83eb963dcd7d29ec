// Package admin is the commands about admins: break-glass admins, and groups whose
// people have a role in the console and by the admin API.
package admin
