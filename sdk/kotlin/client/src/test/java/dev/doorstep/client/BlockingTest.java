package dev.doorstep.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.doorstep.client.blocking.BlockingDoorstep;
import dev.doorstep.client.blocking.BlockingSignUp;
import dev.doorstep.client.blocking.ProfileChange;
import dev.doorstep.client.flows.FlowState;
import dev.doorstep.client.flows.Step;
import dev.doorstep.client.support.Server;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The client as a program in Java uses it. */
class BlockingTest {
    private final Server server = Server.getShared();

    private BlockingDoorstep client() {
        DoorstepOptions options = new DoorstepOptions(server.getUrl());
        options.setDeviceName("Test phone");
        options.setStore(new MemoryStore());
        options.setKeys(new MemoryKeys());
        options.setRandom(SystemRandom.INSTANCE);
        options.setOnRequest(exchange -> assertNotNull(exchange.getOperation()));
        return new BlockingDoorstep(options);
    }

    private String signUp(BlockingDoorstep doorstep, List<Step> steps) {
        String phone = server.newPhone();
        BlockingSignUp flow = doorstep.signUp();
        Subscription subscription = flow.onChange(state -> steps.add(state.getStep()));
        flow.sendCode(phone, doorstep.captcha().answer("letmein"));
        flow.verifyCode(server.code(phone));
        flow.setPassword("correct horse battery");
        FlowState state = flow.submitProfile("Ada");
        assertEquals(Step.DONE, state.getStep());
        subscription.cancel();
        return phone;
    }

    @Test
    void javaSignsUpAndOut() {
        BlockingDoorstep doorstep = client();
        List<Step> steps = new CopyOnWriteArrayList<>();
        String phone = signUp(doorstep, steps);
        assertEquals(4, steps.size());
        assertTrue(doorstep.getSession().isBound());
        assertFalse(doorstep.getSession().accessToken().isEmpty());

        ProfileChange change = new ProfileChange();
        change.setGender(Gender.FEMALE);
        assertEquals("female", doorstep.getAccount().update(change).getGender());
        change = new ProfileChange();
        change.setClear(Collections.singleton(ProfileField.GENDER));
        User user = doorstep.getAccount().update(change);
        assertEquals(null, user.getGender());
        assertEquals(phone, user.getPhoneNumber());
        assertEquals(1, doorstep.getAccount().sessions().size());

        AtomicReference<SignedOutReason> reason = new AtomicReference<>();
        doorstep.getSession().onSignedOut(reason::set);
        doorstep.getSession().signOut();
        assertEquals(SignedOutReason.SIGNED_OUT, reason.get());
        assertEquals(SessionState.SIGNED_OUT, doorstep.getSession().restore());
    }

    @Test
    void javaCatchesErrors() {
        BlockingDoorstep doorstep = client();
        try {
            doorstep.signUp().verifyCode("123456");
        } catch (DoorstepException error) {
            assertEquals(ErrorCode.WRONG_STEP, error.getCode());
            assertEquals(Next.CONTINUE, error.getNext());
            return;
        }
        throw new AssertionError("no error");
    }

    @Test
    void aListenerThatWaitsIsAnErrorAndNoDeadlock() {
        BlockingDoorstep doorstep = client();
        AtomicReference<Throwable> found = new AtomicReference<>();
        doorstep.getSession().onChange(state ->
            found.set(assertThrows(IllegalStateException.class, () -> doorstep.getSession().restore())));
        signUp(doorstep, new CopyOnWriteArrayList<>());
        assertNotNull(found.get());
    }
}
