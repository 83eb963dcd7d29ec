// Package alarm is the commands about who is told of what needs somebody.
package alarm
