package main

import (
	"example.com/pulumi-hero/sdk/go/hero"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		home, err := hero.NewHome(ctx, "home", &hero.HomeArgs{
			Registry: pulumi.String("embedded"),
			Image: &hero.ImageSettingsArgs{
				Tags:    pulumi.ToStringArray([]string{"v0.0.1", "latest"}),
				Context: pulumi.String("../../hero"),
			},
			Embedded: &hero.EmbeddedSettingsArgs{
				Port: pulumi.Int(config.RequireInt(ctx, "port")),
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("image", home.Image)
		ctx.Export("pull", home.Pull)
		ctx.Export("pullerUsername", home.PullerUsername)
		ctx.Export("pullerPassword", home.PullerPassword)
		return nil
	})
}
