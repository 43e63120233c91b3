package cli

import "github.com/spf13/cobra"

// commands lists every command, in the order of the help text.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newVet(a),
		newTest(a),
		newPlan(a),
		newRun(a),
		newTUI(a),
		newReady(a),
		newInit(a),
		newExplain(a),
		newGraph(a),
		newPrint(a),
		newFmt(a),
		newSchema(a),
		newProfile(a),
		newModels(a),
		newCameras(a),
		newBench(a),
		newVersion(a),
		newDetector(a),
		newCompile(a),
	}
}
