// Package explain says what a person has on each desk, and which group and rule
// gave it.
package explain
