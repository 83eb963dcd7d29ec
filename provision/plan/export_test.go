package plan

// OfDesk is what an overview finds about a desk.
var OfDesk = ofDesk
