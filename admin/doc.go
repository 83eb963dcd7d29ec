// Package admin is the ground of the admin API and of the console: who asks
// ([Actor]), what they may do (the one table of [Rules]), and what every answer and
// every request has to do with other sites ([Policy], [Handler]).
//
// It serves nothing by itself: [Handler] checks a request and hands it to the API,
// below /api/, or to the console, below /admin/. Whether a change is possible, the
// core decides; whether somebody may ask for it, this package does, for both doors.
package admin
