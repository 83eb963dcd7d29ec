// Package adopt is the pages of the console about users of a desk whom no account holds:
// who they may be, side by side; a wave that adopts some of them, exactly as it was shown,
// and that can be undone; and who is nobody. What a match is and whom a wave may have,
// package adoption of the core decides.
package adopt
