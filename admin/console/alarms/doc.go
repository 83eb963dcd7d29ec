// Package alarms is the page of the console about who is told of what needs somebody, by
// mail or webhook, what was sent and what was answered. When somebody is told, and how
// often it is tried, package alarm of the core decides.
package alarms
