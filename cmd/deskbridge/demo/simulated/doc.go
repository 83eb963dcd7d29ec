// Package simulated pushes people and groups over SCIM as Okta and Entra ID do:
// for the demo, and for tests of the whole program.
package simulated
