//go:build services

package servicetest

// Wanted reports whether tests may use services.
const Wanted = true
