package dsl

// The codes of loading and schema. Semantic checks have theirs beside them.
const (
	// CodeValue is a value that the schema refuses.
	CodeValue = "RVO001"
	// CodeUnknownField is a field that does not exist.
	CodeUnknownField = "RVO002"
	// CodeNotOneOf is a word outside a fixed set.
	CodeNotOneOf = "RVO003"
	// CodeMissing is a field that has to be given.
	CodeMissing = "RVO004"
	// CodeSyntax is text that is not CUE.
	CodeSyntax = "RVO005"
	// CodeImport is an import or a package that cannot be loaded.
	CodeImport = "RVO006"
	// CodeTag is a tag that does not exist or was not given.
	CodeTag = "RVO007"
	// CodeIncomplete is a field without a definite value.
	CodeIncomplete = "RVO008"
	// CodeConflict is two places of the pipeline that give one field different values.
	CodeConflict = "RVO009"
	// CodeLimit is an evaluation that was given up.
	CodeLimit = "RVO010"
	// CodeRead is a file or folder that cannot be read or holds no pipeline.
	CodeRead = "RVO011"
	// CodeReference is a name in an expression that nothing declares.
	CodeReference = "RVO012"
	// CodeExpr is the text of a condition that cannot be read.
	CodeExpr = "RVO013"
	// CodeVersion is a file written for another version of the language.
	CodeVersion = "RVO111"
	// CodeIdleIgnore is an ignore that matches no finding.
	CodeIdleIgnore = "RVO710"
	// CodeNoReason is an ignore that does not say why.
	CodeNoReason = "RVO711"
	// CodeLevel is a level or an ignore for a code that is none or cannot be changed.
	CodeLevel = "RVO712"
)
