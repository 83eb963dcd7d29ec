// Package limit decides how much one address, and all addresses together, may
// ask of signing in.
//
// It counts in bounded memory, for one process. It knows neither HTTP nor what
// is refused when a limit is reached: who asks decides that.
package limit
