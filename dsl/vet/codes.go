package vet

import (
	"cmp"
	"embed"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
)

// Code explains a code of findings.
type Code struct {
	// Code is the number, which never changes its meaning.
	Code string
	// Name is a few words on what is wrong.
	Name string
	// Doc says in full why it is wrong and what to do.
	Doc string
	// Example is a pipeline that gives it and Cure the same one mended; both are empty where no file can show it.
	Example, Cure string
}

//go:embed examples/*.cue
var examples embed.FS

// example returns the text of an example, empty where there is none.
func example(code, which string) string {
	text, err := examples.ReadFile("examples/" + code + "." + which + ".cue")
	if err != nil {
		return ""
	}
	return string(text)
}

// Codes returns every code that vet can give, in order: those of loading and compiling and those of the checks.
func Codes() []Code {
	texts := []struct{ code, name, doc string }{
		{
			dsl.CodeValue, "value that the language refuses",
			"A value has the wrong type, is out of its range or cannot be evaluated. The message says what may stand there.",
		},
		{
			dsl.CodeUnknownField, "unknown field",
			"The field does not exist. A misspelt field would otherwise be ignored and its default hold. Helpers of your own at " +
				"the top of a pipeline are named _helper or #Helper, or made with let.",
		},
		{dsl.CodeNotOneOf, "word outside a fixed set", "The field takes one of a few words; the message lists them."},
		{dsl.CodeMissing, "field that has to be given", "The field has no default. Place is what it is missing from."},
		{dsl.CodeSyntax, "text that is not CUE", "The file cannot be read as CUE. All faults of all files are reported together."},
		{
			dsl.CodeImport, "import or package that cannot be loaded",
			"An import does not exist, is not used, or the files of a folder do not make one package. Packages of your own lie " +
				"below the folder with cue.mod; without one, below the pipeline's folder, as pipeline.local/name.",
		},
		{
			dsl.CodeTag, "tag that does not exist or was not given",
			"A field with @tag(name) takes its value from -t name=value. Either no field has that tag, or a field that is used " +
				"did not get one. A default makes a tag optional: *\"x\" | string @tag(name).",
		},
		{
			dsl.CodeIncomplete, "field without a definite value",
			"The field has only a type, a bound or several possible values. Give it one, or mark a default with *.",
		},
		{
			dsl.CodeConflict, "places that contradict each other",
			"Two places of the pipeline give one field different values, or a definition of its own does not allow a value. " +
				"CUE never overrides: order does not matter. Make one a default (*value | …) or take one away.",
		},
		{
			dsl.CodeLimit, "evaluation that was given up",
			"The pipeline was not evaluated within the limit, or has no end: look for a comprehension over a very long list, and for " +
				"definitions that contain each other.",
		},
		{dsl.CodeRead, "file or folder that cannot be read", "It does not exist, may not be read, or holds no pipeline."},
		{dsl.CodeReference, "name that nothing declares", "An expression names something that does not exist. Text stands in quotes."},
		{
			dsl.CodeExpr, "text of a condition that cannot be read",
			"expr is a condition as text: signals, comparisons with values, &&, ||, ! and parentheses, absent(detector.signal) and " +
				"in(detector.signal, \"label\"). The place is inside the text.",
		},
		{dsl.CodeVersion, "pipeline for another version of the language", "apiVersion names a version that this rvo does not read."},
		{
			compile.CodeID, "id that is not one",
			"Ids become parts of file names, signals and metrics: at most 63 lower case letters, digits and _, a letter first. " +
				"camera is reserved as the name of a detector.",
		},
		{
			compile.CodeSignal, "signal that nothing gives",
			"A condition, needs or emits names a signal as detector.signal that no detector of the pipeline gives.",
		},
		{
			compile.CodeNode, "camera, evidence or sink that does not exist",
			"A list of cameras or sinks, or evidence, names something that the pipeline does not have, or nothing at all. " +
				"Leave a list out to mean all.",
		},
		{
			compile.CodeArea, "zone or mask that is no part of a picture",
			"A zone or a mask is a polygon: at least three corners, [x, y] in fractions of the picture, in the order in which they " +
				"stand round it. Where two of its sides cross, two corners are in the wrong order, and what is inside is anybody's guess; where all stand on one line there is no inside.",
		},
		{
			compile.CodeScope, "event of the whole pipeline that names no cameras",
			"An event with scope \"pipeline\" is watched once, so each signal of its condition has to say of which camera it is meant: " +
				"{signal: \"motion.level\", camera: \"gate\", …}. It has no cameras of its own.",
		},
		{
			compile.CodeKind, "node with no kind or several",
			"A camera, detector or sink has exactly one kind, named by the key that holds its options: file: {path: …}.",
		},
		{compile.CodeEmptyCondition, "condition that is empty", "A condition is one of all, any, not, signal, absent, expr."},
		{compile.CodeTwoConditions, "condition that is two things", "Only one of all, any, not, signal, absent, expr stands in a condition: nest them."},
		{compile.CodeNoParts, "all, any or in of nothing", "Without parts, all is always yes and any is always no."},
		{
			compile.CodeNoComparison, "comparison without a signal, or signal without one",
			"Comparisons stand beside signal. Only a bool signal may stand without one: it then asks whether it is true.",
		},
		{compile.CodeTypes, "comparison that does not fit the signal", "The signal's type, or the words it can have, rule the comparison out."},
		{compile.CodeTooDeep, "condition that is too large", "A condition has at most 32 levels and 4096 leaves."},
		{
			CodeBuild, "graph that cannot be built",
			"The pipeline passed every check and still cannot be built. That is a fault of rvo: a check is missing.",
		},
		{
			compile.CodeKindOptions, "options that a kind refuses",
			"The options pass their schema and the kind cannot read them. That is a fault of rvo: schema and kind differ.",
		},
		{
			dsl.CodeIdleIgnore, "ignore that matches nothing",
			"An @rvo(ignore=…) stands where there is no such finding, any more perhaps. Take it away: the next such finding there " +
				"would be ignored unseen.",
		},
		{
			dsl.CodeNoReason, "ignore without a reason",
			"Whoever reads the pipeline next wants to know why a finding is meant: @rvo(ignore=RVO214, reason=\"the lab has no " +
				"light\").",
		},
		{
			dsl.CodeLevel, "level or ignore that cannot be",
			"engine: lint or @rvo(ignore=…) names a code that does not exist, or one of those that say why a pipeline cannot run. " +
				"Those can be neither lowered nor ignored.",
		},
	}
	var codes []Code
	for _, t := range texts {
		codes = append(codes, Code{Code: t.code, Name: t.name, Doc: t.doc})
	}
	for _, c := range Checks() {
		codes = append(codes, Code{Code: c.Code, Name: c.Name, Doc: c.Doc})
	}
	for i := range codes {
		c := &codes[i]
		c.Example, c.Cure = example(c.Code, "bad"), example(c.Code, "good")
	}
	slices.SortFunc(codes, func(a, b Code) int { return cmp.Compare(a.Code, b.Code) })
	return codes
}
