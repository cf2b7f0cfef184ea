//! Documents of invented organisations, each with one fact that only it can tell.

/// A document and a question that it answers.
pub(super) struct Planted {
    /// The document.
    pub(super) text: &'static str,
    /// What is asked.
    pub(super) question: &'static str,
    /// What the answer has to contain, in small letters.
    pub(super) fact: &'static str,
}

/// Ten documents with a fact each.
pub(super) const PLANTED: [Planted; 10] = [
    Planted {
        text: "The Harbor Street warehouse opened in 2009 and was extended twice since. It serves the northern region with about 140 employees in three shifts. Visitors register at the west gate and receive a yellow badge, which has to be worn at all times.\n\n\\n         Forklifts may only be driven by staff with a valid licence. Batteries are charged overnight in bay 12. Every forklift is inspected on the first Monday of each month, and defects are written into the blue logbook.\n\n\\n         In case of fire, leave through the nearest green door. The assembly point for the Harbor Street warehouse is the car park behind the Kestrel Bakery. The floor warden counts the staff and reports to the fire brigade.\n\n\\n         Deliveries are accepted between 6:00 and 14:30. Trucks longer than 16 metres use dock 4, all others use docks 1 to 3. Drivers wait in their cab until the light turns green.",
        question: "Where is the assembly point of the Harbor Street warehouse?",
        fact: "kestrel bakery",
    },
    Planted {
        text: "This policy applies to all employees of the group and its subsidiaries. Travel is booked through the travel desk, at least ten days before departure where possible. Economy class is the rule for flights of less than six hours.\n\n\\n         For overnight stays within the country, the company reimburses hotel costs up to 127 euros per night. Breakfast is deducted when it is part of the price. Higher costs need the approval of the head of the department.\n\n\\n         Receipts are handed in within 30 days after the end of the journey. Claims that arrive later are not paid. The accounting department transfers the amount with the next salary.\n\n\\n         Private cars may be used when public transport would take more than two hours longer. The mileage allowance is the one set by law. Parking fees are reimbursed against a receipt.",
        question: "Up to how many euros per night are hotel costs reimbursed?",
        fact: "127",
    },
    Planted {
        text: "Pump P-204 moves cooling water from the basin to the heat exchangers. It is a single-stage centrifugal pump with a mechanical seal. The motor is rated for 45 kW.\n\n\\n         The bearings are lubricated with the grease Molykote BR-2 every 2,800 operating hours. Old grease is removed first. Too much grease leads to overheating.\n\n\\n         Before any work the pump is disconnected from power and the lock is put on the switch. The drain valve is opened until no water flows any more. Wear gloves and glasses.\n\n\\n         Vibration is measured once a week. Above 7 millimetres per second the pump is stopped and the alignment is checked. Spare seals are in cabinet 9.",
        question: "After how many operating hours are the bearings of pump P-204 lubricated?",
        fact: "2,800",
    },
    Planted {
        text: "The data centre in Oslo has two halls of 800 square metres each. It is cooled with water from the fjord. The energy comes from hydropower only.\n\n\\n         Access is given to people on the list of the security office. Guests are accompanied at all times. Cameras record the entrances and the records are kept for ninety days.\n\n\\n         The emergency generators of the Oslo data centre can run for 72 hours without refuelling. They are tested on the last Wednesday of each month. The fuel is stored in two underground tanks.\n\n\\n         Three network providers reach the building on separate paths. The average power usage effectiveness was 1.14 last year.",
        question: "For how many hours can the emergency generators in Oslo run without refuelling?",
        fact: "72",
    },
    Planted {
        text: "The meeting was opened at ten by the chair. All members but one were present. The minutes of the last meeting were approved without changes.\n\n\\n         The board discussed the plans for a second plant. Three places were compared. The board decided to build the second plant in Tarragona, because of the harbour and the price of the land.\n\n\\n         The chief financial officer presented the figures of the quarter. Revenue grew by nine percent, costs by four. The dividend remains the same.\n\n\\n         The next meeting takes place in September. The chair thanked the members and closed the meeting at half past twelve.",
        question: "Where did the board decide to build the second plant?",
        fact: "tarragona",
    },
    Planted {
        text: "On 11 March the payment service was down for a while. Customers saw an error page. The team was alerted by the monitoring within two minutes.\n\n\\n         The root cause was an expired TLS certificate on the load balancer lb-07. The renewal job had been disabled during the migration in January and was never switched on again.\n\n\\n         The team replaced the certificate by hand. Afterwards all certificates were listed and the renewal job was enabled. An alarm now rings thirty days before a certificate expires.",
        question: "What was the root cause of the incident on 11 March?",
        fact: "certificate",
    },
    Planted {
        text: "Passwords have at least fourteen characters. They are never written down and never shared, not even with the help desk. The same password must not be used for two services.\n\n\\n         Accounts are locked after seven failed attempts. The help desk unlocks them after checking the identity by a call to the number in the directory.\n\n\\n         Shared accounts are not allowed. Exceptions are approved by the security officer and end after six months.",
        question: "After how many failed attempts are accounts locked?",
        fact: "seven",
    },
    Planted {
        text: "The landlord lets the office on the second floor of Mill Lane 8 to the tenant. The lease begins on the first of May and runs for five years. It is extended by one year unless one of the parties ends it.\n\n\\n         The monthly rent is 3,450 dollars and is due on the third working day. Heating and water are paid separately. The deposit is three monthly rents.\n\n\\n         Either party may end the lease with a notice period of nine months. The notice has to be in writing. The tenant returns the rooms clean and empty.",
        question: "What is the notice period of the lease at Mill Lane 8?",
        fact: "nine months",
    },
    Planted {
        text: "The SN-40 is a battery powered sensor for temperature and humidity. It sends its values by LoRa every ten minutes. The range is up to four kilometres in open land.\n\n\\n         To reset the SN-40, hold the button until the lamp blinks purple, then release it. The node forgets its keys and has to be paired again.\n\n\\n         The battery lasts about six years. It is a lithium cell of type ER14505. The housing is waterproof.",
        question: "Which colour does the lamp blink when the SN-40 is reset?",
        fact: "purple",
    },
    Planted {
        text: "Dear parents, the new school year has begun well. We welcome 86 new pupils and four new teachers. The gym has been renovated and can be used again.\n\n\\n         The autumn fair takes place on Saturday, 14 October, from two to six. The classes sell cakes and lanterns. The money goes to the library.\n\n\\n         Please remember that bicycles need a light in the dark season. The lost property box is full: please come and look.",
        question: "When does the autumn fair take place?",
        fact: "14 october",
    },
];
