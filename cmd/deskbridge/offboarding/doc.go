// Package offboarding is the commands about people who have left: who, and the
// record that proves of one when their access had ended.
package offboarding
