// Package desk is the commands about help desks: adding, checking, sweeping.
package desk
