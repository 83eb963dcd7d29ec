// Package output prints what commands have to say: tables and times for people,
// JSON for programs.
package output
