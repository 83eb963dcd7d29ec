// Package deskhealth knows desks as a whole: what is settled there and whether it
// still is as it was confirmed, and what keeps a desk from being served.
//
// It decides when a desk is swept and by whom ([Service.BeginSweep]), what a
// sweep makes of a difference ([Service.NoteDrift]), how long a pause is shown and
// whom its end calls back ([Service.EndPause]), and what people are told of a
// desk ([Service.All]). It writes nothing on a desk: what differs is the business
// of the next run, of package reconcile. How a desk is read is that of package
// worker.
package deskhealth
