// Command node is a whole single-node Kubernetes in one binary: it becomes the program that its own
// file name says, so that one build and one link serve every component.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"k8s.io/component-base/cli"
	statemetrics "k8s.io/kube-state-metrics/v2/pkg/app"
	statemetricsoptions "k8s.io/kube-state-metrics/v2/pkg/options"
	kubectl "k8s.io/kubectl/pkg/cmd"
)

func main() {
	name := filepath.Base(os.Args[0])
	command := component(name)
	if command == nil {
		fmt.Fprintf(os.Stderr, "node: %q is none of the programs in this binary\n", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}

func component(name string) *cobra.Command {
	switch name {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return controllermanager.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	case "kube-proxy":
		return proxy.NewProxyCommand()
	case "kubelet":
		// cAdvisor looks for containerd at its default socket only, unless its own flag says
		// otherwise; without it /metrics/cadvisor has no pod labels.
		if socket := os.Getenv("CONTAINERD_SOCKET"); socket != "" {
			_ = flag.Set("containerd", socket)
		}
		return kubelet.NewKubeletCommand()
	case "kubectl":
		return kubectl.NewDefaultKubectlCommand()
	case "kube-state-metrics":
		return stateMetrics()
	}
	return nil
}

func stateMetrics() *cobra.Command {
	options := statemetricsoptions.NewOptions()
	options.AddFlags(statemetricsoptions.InitCommand)
	command := statemetricsoptions.InitCommand
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		return statemetrics.RunKubeStateMetricsWrapper(cmd.Context(), options)
	}
	return command
}
