import * as hero from "@pulumi/hero";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();

const home = new hero.Home("home", {
    registry: "embedded",
    image: { tags: ["v0.0.1", "latest"], context: "../../hero" },
    embedded: { port: config.requireNumber("port") },
});

export const image = home.image;
export const pull = home.pull;
export const pullerUsername = home.pullerUsername;
export const pullerPassword = home.pullerPassword;
