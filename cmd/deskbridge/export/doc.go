// Package export is the command that writes what is configured as an access.yaml
// of which `deskbridge plan` says that nothing would change.
package export
