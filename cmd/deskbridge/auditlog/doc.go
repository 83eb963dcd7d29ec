// Package auditlog prints the audit log for people and programs: sentences with
// the names of whom they are about, as text or as a table for spreadsheets, and
// lines of JSON from which others can verify the chain (docs/audit.md).
package auditlog
