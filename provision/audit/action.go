package audit

import "github.com/deskbridge/deskbridge/provision"

// The actions: all that an entry can say has happened. docs/audit.md tells of
// each, with its subject and its details.
const (
	UserCreated        provision.Action = "user.created"
	UserChanged        provision.Action = "user.changed"
	UserSuspended      provision.Action = "user.suspended"
	UserRestored       provision.Action = "user.restored"
	UserTakenOver      provision.Action = "user.taken_over" // SCIM describes who was known by sign-in only
	UserRemoved        provision.Action = "user.removed"
	UserAccessLost     provision.Action = "user.access_lost"     // nothing gives somebody who is active access to any desk any more
	UserAccessRegained provision.Action = "user.access_regained" // something does again, before it had ended on every desk

	PersonBlocked    provision.Action = "person.blocked" // an admin keeps them out, whatever the identity provider says
	PersonUnblocked  provision.Action = "person.unblocked"
	PersonEndSet     provision.Action = "person.end_set"         // an admin says when access ends, or that it does not
	PersonEnded      provision.Action = "person.ended"           // that end has passed
	PersonExpired    provision.Action = "person.sign_in_expired" // what vouched for somebody known by sign-in alone does no more
	PersonRenewed    provision.Action = "person.sign_in_renewed" // they have signed in again
	PersonUnasked    provision.Action = "person.sign_in_unasked" // the identity provider can be asked about them no more, until they sign in
	PersonAway       provision.Action = "person.away"            // an admin says that they are away, until when, and who has their conversations
	PersonBack       provision.Action = "person.back"            // the day has come, or an admin says so
	PersonByHandDone provision.Action = "person.by_hand_done"    // an admin has done on a desk what its API cannot
	RuleEnded        provision.Action = "rule.ended"             // the end of a rule has passed

	SeatIdle      provision.Action = "seat.idle"       // the seat of somebody idle is taken on a desk: they get less, or no access
	SeatGivenBack provision.Action = "seat.given_back" // they came, or an admin says so: what rules grant counts again
	SeatPriced    provision.Action = "seat.priced"     // what a seat of a desk costs from now on

	PersonForgotten provision.Action = "person.forgotten" // all that was known of somebody who is removed is erased, but for ids

	GroupCreated   provision.Action = "group.created"
	GroupChanged   provision.Action = "group.changed"
	GroupRemoved   provision.Action = "group.removed"
	MembersChanged provision.Action = "members.changed"
	GroupsOverage  provision.Action = "groups.overage" // an identity provider did not name all groups of somebody

	ConnectionCreated provision.Action = "connection.created"
	ConnectionChanged provision.Action = "connection.changed"
	ConnectionRemoved provision.Action = "connection.removed" // an admin decided so
	ConnectionDeleted provision.Action = "connection.deleted" // nothing but the audit log is left of it
	DeskCreated       provision.Action = "desk.created"
	DeskIgnores       provision.Action = "desk.ignores" // which users there are nobody, for adoption
	DeskPaused        provision.Action = "desk.paused"  // an admin has it not be called for a while
	DeskResumed       provision.Action = "desk.resumed" // before its pause was over
	DeskRemoved       provision.Action = "desk.removed"
	DeskDeleted       provision.Action = "desk.deleted"
	DeskAppCreated    provision.Action = "desk_app.created" // credentials for the API of a built-in desk
	DeskAppRemoved    provision.Action = "desk_app.removed"
	TokenCreated      provision.Action = "token.created"
	TokenRotated      provision.Action = "token.rotated"
	TokenRevoked      provision.Action = "token.revoked"
	SetupLinkCreated  provision.Action = "setup_link.created" // somebody else's IT may set up a connection
	SetupLinkOpened   provision.Action = "setup_link.opened"  // a browser has it, and no other from now on
	SetupLinkUsed     provision.Action = "setup_link.used"    // its holder has made their token
	SetupLinkRevoked  provision.Action = "setup_link.revoked"
	DomainClaimed     provision.Action = "domain.claimed"
	DomainVerified    provision.Action = "domain.verified"
	DomainRemoved     provision.Action = "domain.removed"
	KeyCreated        provision.Action = "key.created"
	KeyRetired        provision.Action = "key.retired"
	MetadataChanged   provision.Action = "metadata.changed"
	SignInEnding      provision.Action = "sign_in.ending" // a certificate, metadata or a secret expires
	RuleCreated       provision.Action = "rule.created"
	RuleRemoved       provision.Action = "rule.removed"
	PlanApplied       provision.Action = "plan.applied"

	LoginForgotten provision.Action = "login.forgotten"
	LoginLinked    provision.Action = "login.linked"
	LoginRebound   provision.Action = "login.rebound"
	LoginRefused   provision.Action = "login.refused"
	LoginUnlinked  provision.Action = "login.unlinked"
	SessionStarted provision.Action = "session.started"
	SessionEnded   provision.Action = "session.ended"

	DeskSessionSignedIn    provision.Action = "desk_session.signed_in"
	DeskSessionRefused     provision.Action = "desk_session.refused"
	DeskSessionEnded       provision.Action = "desk_session.ended"
	DeskSessionNotified    provision.Action = "desk_session.notified"     // the desk took the logout notice
	DeskSessionNotNotified provision.Action = "desk_session.not_notified" // it did not, for a day

	BreakGlassCreated  provision.Action = "break_glass.created"
	BreakGlassRemoved  provision.Action = "break_glass.removed"
	BreakGlassSignedIn provision.Action = "break_glass.signed_in"
	BreakGlassRefused  provision.Action = "break_glass.refused"

	AdminGranted    provision.Action = "admin.granted" // the people of a group have a role here
	AdminRevoked    provision.Action = "admin.revoked"
	APITokenCreated provision.Action = "api_token.created"
	APITokenRevoked provision.Action = "api_token.revoked"

	ApprovalAsked    provision.Action = "approval.asked" // access has ended, and what cannot be undone waits for an admin
	ApprovalApproved provision.Action = "approval.approved"
	ApprovalRefused  provision.Action = "approval.refused"
	ApprovalOverdue  provision.Action = "approval.overdue" // nobody has decided in time, and it is asked again

	SecondAdminAsked       provision.Action = "second_admin.asked" // what takes access from many waits for a second admin
	SecondAdminConfirmed   provision.Action = "second_admin.confirmed"
	SecondAdminWithdrawn   provision.Action = "second_admin.withdrawn"
	SecondAdminExpired     provision.Action = "second_admin.expired"
	SecondAdminVoid        provision.Action = "second_admin.void"        // it would take away something else by now, or whoever asked has left
	SecondAdminSwitchedOn  provision.Action = "second_admin.switched_on" // two admins are needed from now on
	SecondAdminSwitchedOff provision.Action = "second_admin.switched_off"

	AlarmTargetAdded   provision.Action = "alarm_target.added" // somebody is told of what needs somebody
	AlarmTargetRemoved provision.Action = "alarm_target.removed"
	AlarmSentAgain     provision.Action = "alarm.sent_again"

	BrakeHeld     provision.Action = "brake.held" // mass-change protection puts accounts on hold
	BrakeReleased provision.Action = "brake.released"
	BrakeRejected provision.Action = "brake.rejected" // what was on hold is not carried out
	BrakeCleared  provision.Action = "brake.cleared"

	UnitRenamed  provision.Action = "unit.renamed"  // a desk calls a team or mailbox of rules by another name
	UnitGone     provision.Action = "unit.gone"     // a desk shows it no more
	UnitReplaced provision.Action = "unit.replaced" // it is gone, and another has its name
	UnitAccepted provision.Action = "unit.accepted" // an admin says that the other is meant

	AccountConfirmed      provision.Action = "account.confirmed"   // the desk was read back, and shows the desired access
	AccountEnded          provision.Action = "account.ended"       // the desk was read back, and access is gone
	AccountHandedOver     provision.Action = "account.handed_over" // a hand-over of conversations is at its end
	AccountStepDue        provision.Action = "account.step_due"    // access has ended, and a later step of on_leave is to come
	AccountDrifted        provision.Action = "account.drifted"
	AccountNeedsAttention provision.Action = "account.needs_attention"
	AccountOnHold         provision.Action = "account.on_hold"
	AccountReleased       provision.Action = "account.released" // an admin has its access end
	AccountKept           provision.Action = "account.kept"     // an admin has its access stay
	AccountAdoptionAgreed provision.Action = "account.adoption_agreed"
	AccountRetried        provision.Action = "account.retried"
	AccountAdoptionUndone provision.Action = "account.adoption_undone" // the user was given back as it was
	AccountDoneByHand     provision.Action = "account.done_by_hand"    // an admin says so; the desk does not show it
)

// The writes on a desk, one entry each. They are the kinds of reconcile.Write.
const (
	AccountCreated          provision.Action = "account.created"
	AccountAdopted          provision.Action = "account.adopted"
	AccountActivated        provision.Action = "account.activated"
	AccountProfileChanged   provision.Action = "account.profile_changed"
	AccountRoleChanged      provision.Action = "account.role_changed"
	AccountTeamsChanged     provision.Action = "account.teams_changed"
	AccountMailboxesChanged provision.Action = "account.mailboxes_changed"
	AccountDeskRolesChanged provision.Action = "account.desk_roles_changed"
	AccountInflowStopped    provision.Action = "account.inflow_stopped" // no new conversations
	AccountAway             provision.Action = "account.away"           // the desk was told that they are away, or back
	ConversationGivenBack   provision.Action = "conversation.given_back"
	ConversationHandedOver  provision.Action = "conversation.handed_over"
	AccountDeactivated      provision.Action = "account.deactivated"
	AccountDeleted          provision.Action = "account.deleted"
	AccountAnonymized       provision.Action = "account.anonymized"
	AccountSessionsEnded    provision.Action = "account.sessions_ended"
)
