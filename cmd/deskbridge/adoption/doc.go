// Package adoption is the commands about desk users whom no account stands behind:
// who they may be, and adopting them in waves that can be undone.
package adoption
