package dev.doorstep.client;

import dev.doorstep.client.blocking.BlockingDoorstep;
import dev.doorstep.client.blocking.BlockingSignIn;
import dev.doorstep.client.flows.Step;
import java.io.File;

/** The block of README.md in Java, as it has it: the compiler reads it here. */
final class ReadmeJava {
    private ReadmeJava() {
    }

    static void run(File folder, String phoneNumber, String password) {
        DoorstepOptions options = new DoorstepOptions("https://id.example.com");
        options.setStore(new FileStore(folder));
        BlockingDoorstep doorstep = new BlockingDoorstep(options);

        BlockingSignIn flow = doorstep.signIn();
        flow.onChange(state -> show(state.getStep()));
        flow.withPassword(phoneNumber, password);
        String token = doorstep.getSession().accessToken();
    }

    private static void show(Step step) {
        System.out.println(step);
    }
}
