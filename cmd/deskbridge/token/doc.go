// Package token is the commands about the tokens that identity providers push with.
package token
