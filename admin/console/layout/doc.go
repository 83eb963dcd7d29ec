// Package layout is what all pages of the console share: the frame around them, the
// files that it loads, who is let in to a route, how a button sends back and how an error
// is told ([Site], [Page]). It decides nothing of any one page.
//
// A room of the console has its pages in templates/, its [Set], and its [Route]s, which
// package console mounts.
package layout
