// Package apitoken is the commands about tokens of the admin API.
package apitoken
