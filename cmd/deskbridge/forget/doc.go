// Package forget is the command that erases what is known of a person.
package forget
