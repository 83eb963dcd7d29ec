// Package rule is the commands about single rules: what a group or attribute
// grants on a desk.
package rule
